package app

import (
	"cmp"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"chat/modules/server"
	"chat/modules/socket"
	"chat/modules/user"
)

// Config is everything that can be set. A key is the flag's name, and the file's; the variable is CHAT_ and the key, or
// the name that the brief gives it. Where nothing else is said, empty means none.
type Config struct {
	Role     string `koanf:"role"`
	Host     string `koanf:"host"`
	Port     int    `koanf:"port"` // 0: that of the role
	Mode     string `koanf:"mode"` // development or production
	Auth     string `koanf:"auth"` // accounts or none
	Insecure bool   `koanf:"insecure-open-access"`

	Signup            string        `koanf:"signup"` // open or closed
	SigningSecret     string        `koanf:"signing-secret"`
	SigningSecretFile string        `koanf:"signing-secret-file"`
	Issuer            string        `koanf:"issuer"`
	AccessTokenLife   time.Duration `koanf:"access-token-life"`
	Argon2MemoryMiB   int           `koanf:"argon2-memory"`
	Argon2Passes      int           `koanf:"argon2-passes"`
	Argon2AtOnce      int           `koanf:"argon2-at-once"` // 0: one core is left free

	DatabaseURL string `koanf:"database-url"`
	DBHost      string `koanf:"db-host"`
	DBPort      int    `koanf:"db-port"`
	DBUsername  string `koanf:"db-username"`
	DBPassword  string `koanf:"db-password"`
	DBName      string `koanf:"db-name"`
	DBSSLMode   string `koanf:"db-sslmode"`
	DBPool      int    `koanf:"db-pool"` // connections
	Migrate     bool   `koanf:"migrate"`
	DataDir     string `koanf:"data-dir"`
	PGBin       string `koanf:"pg-bin"`

	RedisURL  string `koanf:"redis-url"`
	RedisHost string `koanf:"redis-host"`
	RedisPort int    `koanf:"redis-port"`

	RateLimits          string   `koanf:"rate-limits"` // on or off
	Rates               []string `koanf:"rate"`        // name=burst/period or name=off
	UserSockets         int      `koanf:"sockets-per-user"`
	UserSubscriptions   int      `koanf:"subscriptions-per-user"`
	SocketSubscriptions int      `koanf:"subscriptions-per-socket"`

	AllowedOrigins []string `koanf:"allowed-origins"`
	AllowedHosts   []string `koanf:"allowed-hosts"`
	TrustedProxies []string `koanf:"trusted-proxies"`
	TLSCert        string   `koanf:"tls-cert"` // a file; with TLSKey
	TLSKey         string   `koanf:"tls-key"`
	Transport      string   `koanf:"transport"` // own, portable or library
	MetricsAddr    string   `koanf:"metrics-addr"`
	LogLevel       string   `koanf:"log-level"`
	LogFormat      string   `koanf:"log-format"` // auto, console or json

	// UserURLs, SenderURLs and ReceiverURLs are where browsers reach the roles; of a server of pages alone.
	UserURLs     []string `koanf:"user-urls"`
	SenderURLs   []string `koanf:"sender-urls"`
	ReceiverURLs []string `koanf:"receiver-urls"`
}

// Defaults are the settings of a development process with a database of its own.
func Defaults() Config {
	limits := socket.DefaultLimits()
	return Config{
		Role: string(All), Host: "127.0.0.1", Mode: "development", Auth: "accounts", Signup: "open",
		Issuer: "chat", AccessTokenLife: 15 * time.Minute, Argon2MemoryMiB: 64, Argon2Passes: 1, DBSSLMode: "prefer", DBPool: 20,
		AllowedOrigins: []string{"http://localhost:3000", "http://localhost:3001"}, Transport: "own",
		RateLimits: "on", UserSockets: limits.UserSockets, UserSubscriptions: limits.UserSubscriptions,
		SocketSubscriptions: limits.Subscriptions, LogLevel: "info", LogFormat: "auto",
	}
}

// Validate finds settings that make no sense, alone or together. The error says what to do.
func (c Config) Validate() error {
	role, err := ParseRole(c.Role)
	if err != nil {
		return err
	}
	for _, choice := range []struct {
		key, value string
		allowed    []string
	}{
		{"mode", c.Mode, []string{"development", "production"}},
		{"auth", c.Auth, []string{"accounts", "none"}},
		{"signup", c.Signup, []string{"open", "closed"}},
		{"rate-limits", c.RateLimits, []string{"on", "off"}},
		{"transport", c.Transport, []string{"own", "portable", "library"}},
		{"db-sslmode", c.DBSSLMode, []string{"disable", "allow", "prefer", "require", "verify-ca", "verify-full"}},
	} {
		if err := oneOf(choice.key, choice.value, choice.allowed...); err != nil {
			return err
		}
	}
	if err := c.validateProcess(); err != nil {
		return err
	}
	if err := c.validateAccounts(); err != nil {
		return err
	}
	for _, origin := range c.AllowedOrigins {
		if !isOrigin(origin) {
			return fmt.Errorf("--allowed-origins: %q is no origin; write each as browsers do, like https://chat.example, "+
				"without a path, a pattern or the port that its scheme has anyway", origin)
		}
	}
	if _, err := server.NewProxies(c.TrustedProxies); err != nil {
		return fmt.Errorf("--trusted-proxies: %w", err)
	}
	if err := c.validateLimits(); err != nil {
		return err
	}
	if c.DBPool < 5 {
		return fmt.Errorf("--db-pool=%d is too small; the process needs at least 5 connections", c.DBPool)
	}
	switch {
	case c.DatabaseURL != "" && (c.DBHost != "" || c.DBName != "" || c.DBUsername != ""):
		return fmt.Errorf("DATABASE_URL and DB_HOST, DB_NAME or DB_USERNAME are both set: keep one of the two")
	case c.DBHost == "" && (c.DBName != "" || c.DBUsername != "" || c.DBPassword != "" || c.DBPort != 0):
		return fmt.Errorf("DB_HOST is missing beside the other DB_ settings")
	case c.RedisURL != "" && c.RedisHost != "":
		return fmt.Errorf("REDIS_URL and REDIS_HOST are both set: keep one of the two")
	case c.RedisHost == "" && c.RedisPort != 0:
		return fmt.Errorf("REDIS_HOST is missing beside REDIS_PORT")
	case role != All && !c.HasRedis():
		return fmt.Errorf("--role=%s hears of other processes by Redis, and none is configured: set REDIS_URL or REDIS_HOST, "+
			"or use --role=all", role)
	case role != All && !c.HasDatabase():
		return fmt.Errorf("--role=%s shares its database with other processes, and none is configured: set DATABASE_URL or "+
			"DB_HOST, or use --role=all", role)
	case c.Auth != "none" && c.Transport == "library":
		return fmt.Errorf("--transport=library is for comparison: it does not close connections whose session has ended; leave it out, " +
			"or use --auth=none")
	case c.Auth != "none" && c.Insecure:
		return fmt.Errorf("--insecure-open-access insists on --auth=none, which is not set: leave it out, or set that")
	case c.Auth == "none" && !isLoopback(c.Host) && !c.Insecure:
		return fmt.Errorf("--auth=none lets everybody who can reach --host=%s read and write everything: "+
			"use a loopback address, or insist with --insecure-open-access", c.Host)
	}
	return nil
}

// validateAccounts looks at what accounts need. Source: OWASP's Password Storage Cheat Sheet, Argon2id, for its least cost.
func (c Config) validateAccounts() error {
	switch {
	case c.SigningSecret != "" && c.SigningSecretFile != "":
		return fmt.Errorf("CHAT_SIGNING_SECRET and --signing-secret-file are both set: keep one of the two")
	case c.Issuer == "":
		return fmt.Errorf("--issuer is empty; it tells tokens of this installation from those of others")
	case c.AccessTokenLife < time.Minute || c.AccessTokenLife > 24*time.Hour:
		return fmt.Errorf("--access-token-life=%s is not between 1m and 24h", c.AccessTokenLife)
	case c.Argon2MemoryMiB < 19 || c.Argon2MemoryMiB > 4096 || c.Argon2Passes < 1 || c.Argon2Passes > 100 ||
		c.Argon2MemoryMiB < 46 && c.Argon2Passes < 2:
		return fmt.Errorf("--argon2-memory=%d with --argon2-passes=%d is too weak or too much; use 64 with 1, or at least 19 with 2",
			c.Argon2MemoryMiB, c.Argon2Passes)
	case c.Argon2AtOnce < 0:
		return fmt.Errorf("--argon2-at-once=%d is negative", c.Argon2AtOnce)
	}
	return nil
}

// validateLimits looks at how much one client may use.
func (c Config) validateLimits() error {
	for key, n := range map[string]int{
		"sockets-per-user": c.UserSockets, "subscriptions-per-user": c.UserSubscriptions,
		"subscriptions-per-socket": c.SocketSubscriptions,
	} {
		if n < 1 {
			return fmt.Errorf("--%s=%d lets nobody in; use 1 or more", key, n)
		}
	}
	_, err := c.rates()
	return err
}

// Hashing is what a password's hash costs. One core is left for everybody who is signed in.
func (c Config) Hashing() user.Hashing {
	h := user.Hashing{MemoryMiB: c.Argon2MemoryMiB, Passes: c.Argon2Passes, AtOnce: c.Argon2AtOnce}
	if h.AtOnce == 0 {
		h.AtOnce = max(1, runtime.GOMAXPROCS(0)-1)
	}
	return h
}

// validateProcess looks at what every process has: a port, a certificate, a log.
func (c Config) validateProcess() error {
	if err := oneOf("log-format", c.LogFormat, "auto", "console", "json"); err != nil {
		return err
	}
	if _, err := zerolog.ParseLevel(c.LogLevel); err != nil {
		return fmt.Errorf("--log-level=%s is not a level; use debug, info, warn or error", c.LogLevel)
	}
	if (c.TLSCert == "") != (c.TLSKey == "") {
		return fmt.Errorf("--tls-cert and --tls-key belong together: name both files, or neither")
	}
	if c.Port < 0 || c.Port > 65535 {
		return fmt.Errorf("--port=%d is no port; use 1 to 65535, or leave it out", c.Port)
	}
	if c.Host == "" {
		return fmt.Errorf("--host is empty: name an address, 0.0.0.0 for all of this machine, or leave it out")
	}
	for _, host := range c.AllowedHosts {
		if net.ParseIP(host) == nil && (host == "" || strings.ContainsAny(host, "/:@*[] ")) {
			return fmt.Errorf("--allowed-hosts: %q is no host name; write each like chat.example, without a scheme, a port or a pattern", host)
		}
	}
	return nil
}

// isOrigin tells whether a browser could write that. Source: the Fetch standard, "Origin header": a port that is the scheme's own is
// not written.
func isOrigin(text string) bool {
	u, err := url.Parse(text)
	if err != nil || u.Scheme == "" || u.Host == "" || text != strings.ToLower(u.Scheme+"://"+u.Host) {
		return false
	}
	return u.Port() == "" || u.Port() != map[string]string{"http": "80", "https": "443"}[u.Scheme]
}

func oneOf(key, value string, allowed ...string) error {
	if !slices.Contains(allowed, value) {
		return fmt.Errorf("--%s=%s is not one of %s", key, value, strings.Join(allowed, ", "))
	}
	return nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// ListenPort is where the process listens.
func (c Config) ListenPort() int {
	if c.Port != 0 {
		return c.Port
	}
	return Role(c.Role).Port()
}

// scheme is that of the process's own URL.
func (c Config) scheme() string {
	if c.TLSCert != "" {
		return "https"
	}
	return "http"
}

// Address is where browsers on this machine find the product.
func (c Config) Address() string {
	host := c.Host
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return c.scheme() + "://" + net.JoinHostPort(host, strconv.Itoa(c.ListenPort()))
}

// certificate is what the process serves TLS with; nil: it serves none.
func (c Config) certificate(log zerolog.Logger) (*server.Certificate, error) {
	if c.TLSCert == "" {
		return nil, nil
	}
	return server.NewCertificate(c.TLSCert, c.TLSKey, log)
}

// Effective is what an empty setting stands for in the place of each, for people to look at.
func (c Config) Effective() Config {
	c.Port, c.AllowedHosts, c.Argon2AtOnce = c.ListenPort(), c.hosts(), c.Hashing().AtOnce
	if c.RedisHost != "" {
		c.RedisPort = cmp.Or(c.RedisPort, redisPort)
	}
	if c.DBHost != "" {
		c.DBPort, c.DBUsername, c.DBName = cmp.Or(c.DBPort, 5432), cmp.Or(c.DBUsername, defaultUser), cmp.Or(c.DBName, defaultDatabase)
	}
	if !c.HasDatabase() {
		c.DataDir, _ = c.DataDirectory() // where there is none, there is nothing to show
		if c.Auth != "none" && c.SigningSecret == "" && c.SigningSecretFile == "" {
			c.SigningSecretFile, _ = c.ownSecretPath()
		}
	}
	return c
}

// What stands for settings of stores that are empty.
const (
	defaultUser     = "postgres"
	defaultDatabase = "chat_system"
	redisPort       = 6379
)

// HasDatabase tells whether a database is configured; otherwise one is embedded.
func (c Config) HasDatabase() bool { return c.DatabaseURL != "" || c.DBHost != "" }

// HasRedis tells whether hints go through Redis; otherwise they stay in the process.
func (c Config) HasRedis() bool { return c.RedisURL != "" || c.RedisHost != "" }

// Redis is the URL of the configured Redis.
func (c Config) Redis() string {
	if c.RedisURL != "" {
		return c.RedisURL
	}
	return "redis://" + net.JoinHostPort(c.RedisHost, fmt.Sprint(cmp.Or(c.RedisPort, redisPort)))
}

// Database is how lib/pq reaches the configured database, with the SSL mode said.
func (c Config) Database() (string, error) {
	if c.DatabaseURL == "" {
		u := url.URL{Scheme: "postgres", Host: c.DBHost, Path: "/" + cmp.Or(c.DBName, defaultDatabase)}
		if c.DBPort != 0 {
			u.Host = net.JoinHostPort(c.DBHost, fmt.Sprint(c.DBPort))
		}
		u.User = url.User(cmp.Or(c.DBUsername, defaultUser))
		if c.DBPassword != "" {
			u.User = url.UserPassword(cmp.Or(c.DBUsername, defaultUser), c.DBPassword)
		}
		u.RawQuery = url.Values{"sslmode": {c.DBSSLMode}}.Encode()
		return u.String(), nil
	}
	u, err := url.Parse(c.DatabaseURL)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return "", fmt.Errorf("DATABASE_URL is not of the form postgres://user:password@host:port/name")
	}
	q := u.Query()
	if q.Get("sslmode") == "" {
		q.Set("sslmode", c.DBSSLMode)
		u.RawQuery = q.Encode()
	}
	return u.String(), nil
}

// DataDirectory is where the embedded database lives.
func (c Config) DataDirectory() (string, error) {
	if c.DataDir != "" {
		return c.DataDir, nil
	}
	if os.Geteuid() == 0 {
		return "/var/lib/chat", nil
	}
	if home := os.Getenv("XDG_DATA_HOME"); home != "" {
		return filepath.Join(home, "chat"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("there is no home directory for the data (%w): name one with --data-dir", err)
	}
	return filepath.Join(home, ".local", "share", "chat"), nil
}
