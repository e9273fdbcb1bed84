"""Chợ 4.0: markets, stalls, VietQR stickers, and the share that takes electronic payment."""
