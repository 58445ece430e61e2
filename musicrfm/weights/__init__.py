"""What a checkpoint's tensors become before they are played."""
