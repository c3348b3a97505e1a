package sender

// Queued counts what waits for the first writer.
func (w *Batcher[C]) Queued() int {
	q := w.queues[0]
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.waiting)
}
