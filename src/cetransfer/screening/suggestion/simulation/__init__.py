"""What choosing compounds is worth: labelled round by round where all labels are known."""
