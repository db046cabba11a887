"""What playbooks bring about, measured against the control group: customers who were left alone by lot.

`estimates` compares those who were given something with those who would have been, `balance` says whether the lot was
drawn as it should be, `sample_size` how many more it takes, `verdicts` what may be concluded, `comparison` does all of
it for each playbook, `policy_value` compares two files of playbooks where a lot decided, and `readout_report` puts it
into words. `uplift_comparison` holds an uplift learner (`uplift_learner`) against one effect per playbook, by lists
that neither has seen (`uplift_trials`), in calibration (`uplift_calibration`) and by Qini curves under cost (`qini`).
"""
