"""What reads replies: JSON where the model was asked for it, else markers."""
