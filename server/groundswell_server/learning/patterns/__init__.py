"""Patterns in posts and contexts.

Modules in import order: `residuals`, `sample`, `caption_text` and `traits` describe posts; `associations`, `k_means`,
`clusters`, `cluster_comparison`, `approaches` and `risks` are the statistics; `analysis`, `recommendations`,
`successes`, `failures`, `hashtags`, `period_performance` and `suggestions` give the answers; `query` and `reports`
read the rows and compute them.
"""
