"""Camera models: rays through pixels and back, shutters, windshields, rectification."""
