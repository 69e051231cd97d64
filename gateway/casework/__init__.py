"""How a complaint begins and changes: by people, and by the passing of time. The only writer of a status."""
