"""Accounts, sessions and roles: what a password costs is another test's matter."""

from tests.support import passwords

cheap_passwords = passwords.cheap_passwords
