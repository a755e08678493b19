# %% [markdown]
# # Quick start in Python
#
# A benchmark is evaluated, a strategy is run, and a strategy of one's own is compared with others.
# This file is a script, `python docs/examples/quickstart.py`, and the source of the notebook
# `docs/quickstart.ipynb`; it takes about ten seconds.

# %%
import numpy as np

import nasbench_mobile as nm

# %% [markdown]
# ## A benchmark
#
# An architecture is a list of tokens, one for each decision of the search space. The benchmark says
# its accuracy (a fraction), its latency (in milliseconds) and the reward that is made of both.

# %%
benchmark = nm.load_benchmark("imagenet-pixel1")
for decision in benchmark.decisions[:4]:
    print(decision.name, decision.labels)

[trial] = benchmark.evaluate([[0] * len(benchmark.decisions)])
print(trial.measurement.accuracy, trial.measurement.latency_ms, trial.reward)

# %% [markdown]
# ## One run
#
# A result has the best trial, the front of trials than which none is both more accurate and faster,
# and the whole history.

# %%
result = nm.run("regularized-evolution", benchmark, budget=300, seed=0)
print(result)
print(len(result.front), "trials on the front of", len(result.history))

# %%
result.to_frame().head()

# %% [markdown]
# In a notebook an architecture is drawn, block by block.

# %%
benchmark.architecture(result.best.tokens)

# %% [markdown]
# ## A strategy of one's own
#
# It is built anew for every run, answers `ask(count)` with proposals and hears how they did in
# `tell(trials)`. This one changes one token of the best architecture so far.


# %%
class HillClimber:
    def __init__(self, decisions, seed, budget, *, restart=0.1):
        self.cardinalities = [decision.cardinality for decision in decisions]
        self.rng = np.random.default_rng(seed)
        self.restart, self.asked = restart, 0
        self.best, self.best_reward = None, -np.inf

    def ask(self, count):
        proposals = []
        for _ in range(count):
            tokens = self.rng.integers(self.cardinalities)
            if self.best is not None and self.rng.random() >= self.restart:
                place = self.rng.integers(len(tokens))
                tokens[:place], tokens[place + 1 :] = self.best[:place], self.best[place + 1 :]
            proposals.append(nm.Proposal(self.asked, tuple(tokens.tolist())))
            self.asked += 1
        return proposals

    def tell(self, trials):
        for trial in trials:
            if trial.reward is not None and trial.reward > self.best_reward:
                self.best, self.best_reward = np.array(trial.tokens), trial.reward


# %% [markdown]
# ## A comparison
#
# Every strategy runs once for each seed, in worker processes. All that they do is kept in the
# folder, so that the same cell, run again, goes on where it was stopped.

# %%
study = nm.compare(
    benchmark,
    {
        "mine": HillClimber,
        "evolution": "regularized-evolution:population_size=20,sample_size=5",
        "random": "random",
    },
    seeds=8,
    budget=100,
    out="out/quickstart",
)
study.leaderboard()

# %%
print(study.leaderboard())

# %%
study.plot("anytime")

# %%
frame = study.to_frame()
print(frame.groupby("strategy")[["accuracy", "latency_ms", "reward"]].median())
