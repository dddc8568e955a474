import threading

from srcore.files.alone import alone


def test_others_wait_and_the_lock_goes_with_the_last(tmp_path):
    file, order = tmp_path / "deep/x", []
    is_held, may_end = threading.Event(), threading.Event()

    def first():
        with alone(file, lambda: order.append("first waits")):
            is_held.set()
            may_end.wait(10)
            order.append("first")

    def second():
        with alone(file, lambda: (order.append("second waits"), may_end.set())):
            order.append("second")

    threads = [threading.Thread(target=work) for work in (first, second)]
    threads[0].start()
    assert is_held.wait(10)
    threads[1].start()
    for thread in threads:
        thread.join()
    assert order == ["second waits", "first", "second"]
    assert list(file.parent.iterdir()) == []
