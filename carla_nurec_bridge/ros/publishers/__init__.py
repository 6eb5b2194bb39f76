"""Publishers by the plan of streams, counted; what ``carla_ego`` tells; who is which track."""
