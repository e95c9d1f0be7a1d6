"""Bearer tokens of an identity provider, beside the certificate of the connection; off unless an issuer is set."""
