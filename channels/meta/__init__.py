"""What all channels of Meta share: the proof of its calls, their handshake and clock, and calls to its Graph API.

Beneath the media: WhatsApp, Messenger and Instagram import this and never each other.
"""
