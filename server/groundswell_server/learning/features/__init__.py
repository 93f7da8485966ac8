"""Facts about posts, texts and accounts known before prediction, and the features computed from them.

Modules in import order: `captions`, `post_facts`, `profile_facts` and `subject_keys`; `trailing_record`,
`post_features`, `profile_features` and `tf_idf`; `content`, `encoder`, `post_rows` and `labelled_rows`.
"""
