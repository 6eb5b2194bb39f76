"""Ray casting engines behind one form, and how kernels are compiled and spread."""
