"""What can be seen in pictures, measured by functions of pictures alone."""
