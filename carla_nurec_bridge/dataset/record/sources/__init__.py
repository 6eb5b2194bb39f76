"""Where frames of data sets come from: recordings, bags, live worlds, scenes that NuRec draws."""
