"""Carrying out conversations with citizens; what to answer is decided in gateway/conversation, which is pure."""
