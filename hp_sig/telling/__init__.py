"""What does a terminal or a log read of each command, while it works and when it has ended?"""
