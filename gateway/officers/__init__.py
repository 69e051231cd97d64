"""What officers do by page, chat and SMS."""
