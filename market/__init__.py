"""Chợ 4.0: markets, stalls, VietQR stickers and the share of stalls that take electronic payment."""
