"""Does anything know the future? What figures alone can tell of it; that nothing behind a snapshot is read, the replay
of ``examples`` shows. By the kind of trace: a feature that is too good (``alone``), a group that is too pure
(``groups``), a value that never moves (``frozen``), features that tell one time from another (``drift``), events that
the company caused itself (``acts``), windows that overlap (``windows``).
"""
