"""Texts that a spreadsheet would run, or tear apart, if it took them for what they look like."""

# What a sheet on the web, a shared list or a prankster has put into such cells before.
HOSTILE = [
    "=1+1",
    '=HYPERLINK("http://example.test","xem")',
    "=cmd|' /C calc'!A0",
    "+1+1",
    "+84900000001",
    "-1+1",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(1+1)",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    " =1+1",
    "\u00a0=1+1",
    "\u200b=1+1",
    "\ufeff=1+1",
    "＝1+1",
    "=1+1;=2+2",
    '"=1+1',
    "chợ\r\n=1+1",
    "chợ;=1+1",
    "chợ,=1+1\t=2+2",
]
