"""The kernel's table of connections that have begun."""

from bellrock.link.halfopen import half_open

TABLE = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0200020A:0035 0200010A:C350 03 00000000:00000000 01:00000064 00000001     0        0 0 1 0
   1: 0200020A:0035 0200010A:C351 01 00000000:00000000 01:00000064 00000001     0        0 0 1 0
   2: 0200020A:0050 0200010A:C352 03 00000000:00000000 01:00000064 00000001     0        0 0 1 0
   3: 0200020A:nonsense 0200010A:C353 03
   4: short
"""


def test_connections_whose_syn_was_taken(tmp_path):
    (tmp_path / "tcp").write_text(TABLE)
    (tmp_path / "tcp6").write_text(TABLE.replace("C350", "C360"))
    assert half_open(53, tmp_path) == (50000, 50016)
    assert half_open(80, tmp_path) == (50002, 50002)
    assert half_open(443, tmp_path) == ()


def test_no_table(tmp_path):
    assert half_open(53, tmp_path) == ()


def test_the_kernels_own():
    assert half_open(1) == ()
