"""What people say that texts, accounts and posts are, and what models that learnt it say of others."""
