"""What judges models: vocoders, converters, model files, speed."""
