"""Answer one request as Cal.com does: route, caller, guards, body, refusals."""
