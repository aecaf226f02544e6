"""A tagger of words after Huang et al. 2015 (arXiv 1508.01991), without its CRF: 45 tags, 400,000 words."""

import torch
from torch import nn


class LSTMTagger(nn.Module):
    """Words and their case through a bidirectional LSTM; a tag for each."""

    def __init__(self, words: int = 400_000, width: int = 100, hidden: int = 200, tags: int = 45) -> None:
        super().__init__()
        self.embedding = nn.Embedding(words, width)
        self.dropout = nn.Dropout(0.5)
        self.lstm = nn.LSTM(width, hidden, num_layers=2, batch_first=True, bidirectional=True, dropout=0.5)
        self.tag = nn.Linear(2 * hidden, tags)

    def forward(self, words: torch.Tensor) -> torch.Tensor:
        """Indices of words (N, L) to scores (N, L, tags)."""
        states, _ = self.lstm(self.dropout(self.embedding(words)))
        return self.tag(self.dropout(states))
