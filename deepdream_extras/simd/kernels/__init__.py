"""What kernels there are: convolution.py, layers.py, pictures.py."""
