"""Nothing is ever lost: ``manage.py torture`` breaks a hub on purpose and counts.

Real servers, a real Redis and PostgreSQL, publishers and clients in processes of their own.  Every round
deals faults from a seed, lets all of it settle, and compares what was acknowledged with what each client
was given (``judge.py``).  Nothing here runs in a deployed hub.
"""
