"""An AWS behind a local endpoint: moto, plus engines that do the work moto only pretends to do."""
