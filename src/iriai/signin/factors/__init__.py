"""What a password alone does not open: codes from an app, recovery codes, passkeys.

Whoever has a code app or a passkey is asked for it after the password. A passkey that has checked
who holds it (by finger, face or PIN) is both factors at once, and opens without a password.
"""
