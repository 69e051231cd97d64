"""The plain design that a bench compares with: what one writes first, each part as its documentation shows it.

python-telegram-bot reads the update, one SQLAlchemy session and commit keeps each message, one RQ job does each step of
a complaint, langdetect reads its language, a kept `telegram.Bot` sends the receipt. A citizen gets the same of it
(docs/adr/0016). Nothing here is slower than it has to be: sessions have durable settings and no others, sockets are kept
alive, and profiles are loaded before the first job.
"""
