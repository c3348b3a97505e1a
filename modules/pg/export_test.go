package pg

// ShowPooler is what a connection does that does not know a statement of its own any more.
func (db *DB) ShowPooler() { db.pooled.Store(true) }
