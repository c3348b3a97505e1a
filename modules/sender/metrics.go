package sender

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics are the write engine's, shared by its batchers.
type Metrics struct {
	batches  *prometheus.HistogramVec
	duration *prometheus.HistogramVec
	failures *prometheus.CounterVec
	refused  prometheus.Counter
}

// NewMetrics registers the write engine's metrics.
func NewMetrics(r prometheus.Registerer) *Metrics {
	m := &Metrics{
		batches: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "chat_write_batch_changes", Help: "Changes in one transaction.",
			Buckets: prometheus.ExponentialBuckets(1, 2, 9),
		}, []string{"writes"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "chat_write_transaction_seconds", Help: "Duration of one transaction, the commit included.",
			Buckets: prometheus.ExponentialBuckets(0.0005, 2, 14),
		}, []string{"writes"}),
		failures: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "chat_write_transaction_failures_total", Help: "Transactions that failed and were run again or given up.",
		}, []string{"writes"}),
		refused: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "chat_write_queue_full_total", Help: "Changes refused because the queue was full.",
		}),
	}
	r.MustRegister(m.batches, m.duration, m.failures, m.refused)
	return m
}

func (m *Metrics) observe(script string, changes int, took time.Duration, err error) {
	m.batches.WithLabelValues(script).Observe(float64(changes))
	m.duration.WithLabelValues(script).Observe(took.Seconds())
	if err != nil {
		m.failures.WithLabelValues(script).Inc()
	}
}
