"""What a person reads of an incident: messages, what follows, what to do, and the probable cause."""
