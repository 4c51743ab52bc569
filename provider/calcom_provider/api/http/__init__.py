"""One request over the network: address, credential, transport, retries, the answer and its errors."""
