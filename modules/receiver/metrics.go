package receiver

import "github.com/prometheus/client_golang/prometheus"

type metrics struct {
	subscriptions prometheus.Gauge
	executions    prometheus.Counter
	repairs       prometheus.Counter
	replays       prometheus.Counter
	pages         prometheus.Counter
	sweeps        prometheus.Histogram
	interval      prometheus.Gauge
}

func newMetrics(r prometheus.Registerer) *metrics {
	m := &metrics{
		subscriptions: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "chat_live_subscriptions", Help: "Open subscriptions.",
		}),
		executions: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "chat_live_executions_total", Help: "Events executed; one serves every subscription that shows the same.",
		}),
		repairs: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "chat_live_log_reads_total", Help: "Pages of logs read because a hint did not come.",
		}),
		replays: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "chat_live_replayed_rows_total", Help: "Rows of logs read for subscriptions that were behind.",
		}),
		pages: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "chat_live_page_reads_total", Help: "Readings of pages of logs; one serves all who wait for the same.",
		}),
		sweeps: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "chat_live_sweep_seconds", Help: "Duration of a comparison of everything followed with the store.",
			Buckets: prometheus.ExponentialBuckets(0.0005, 2, 14),
		}),
		interval: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "chat_live_sweep_interval_seconds", Help: "Time between two sweeps; more than 1 where they would cost too much.",
		}),
	}
	r.MustRegister(m.subscriptions, m.executions, m.repairs, m.replays, m.pages, m.sweeps, m.interval)
	return m
}
