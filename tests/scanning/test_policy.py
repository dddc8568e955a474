from srcore.scanning.policy import ScanPolicy, current_policy, scanning_by


def test_a_policy_holds_within_its_block_only():
    assert current_policy().sample is None
    with scanning_by(ScanPolicy(sample=5)) as outer:
        assert current_policy() is outer
        with scanning_by(ScanPolicy(sample=7)):
            assert current_policy().sample == 7
        assert current_policy() is outer
    assert current_policy().sample is None


def test_nothing_is_shown_by_itself():
    with current_policy().progress(10) as step:
        step(3)
