"""Pages of the government at Meta: Messenger of a Facebook page, and an Instagram professional account, with their comments."""
