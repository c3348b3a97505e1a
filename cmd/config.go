package cmd

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/knadh/koanf/parsers/yaml"
	"github.com/knadh/koanf/providers/file"
	"github.com/knadh/koanf/providers/posflag"
	"github.com/knadh/koanf/v2"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"chat/modules/app"
)

// setting is a flag, its variable and its help. Without help it has no flag.
type setting struct {
	key, variable, help string
}

// databaseSettings say which PostgreSQL is used.
func databaseSettings() []setting {
	return []setting{
		{"database-url", "DATABASE_URL", "PostgreSQL as postgres://user:password@host:port/name; none: one is embedded"},
		{"db-host", "DB_HOST", "PostgreSQL's host, in the place of a URL"},
		{"db-port", "DB_PORT", "its port"},
		{"db-username", "DB_USERNAME", "the user (postgres)"},
		{"db-password", "DB_PASSWORD", "the password; better in the variable than on the command line"},
		{"db-name", "DB_NAME", "the database (chat_system)"},
		{"db-sslmode", "DB_SSLMODE", "disable, allow, prefer, require, verify-ca or verify-full"},
		{"data-dir", "CHAT_DATA_DIR", "where the embedded PostgreSQL lives (/var/lib/chat as root, else $XDG_DATA_HOME/chat)"},
		{"pg-bin", "PG_BIN", "the directory of the embedded PostgreSQL's binaries; none: found, or downloaded"},
		{"log-level", "CHAT_LOG_LEVEL", "debug, info, warn or error"},
		{"log-format", "CHAT_LOG_FORMAT", "console, json, or auto: console on a terminal"},
	}
}

// serveSettings are all settings.
func serveSettings() []setting {
	return append([]setting{
		{"role", "CHAT_ROLE", "what is served: user, sender, receiver or all"},
		{"host", "CHAT_HOST", "the address to listen on"},
		{"port", "PORT", "the port (user 4001, sender 4002, receiver 4005, all 4000; ui 3000)"},
		{"mode", "NODE_ENV", "development or production; production hides the schema and its explorer"},
		{"auth", "CHAT_AUTH", "accounts: callers sign in; none: everybody is believed, as in the brief's system"},
		{"insecure-open-access", "CHAT_INSECURE_OPEN_ACCESS", "allow --auth=none on an address that is not loopback"},
		{"signup", "CHAT_SIGNUP", "who makes accounts: open, everybody; closed, administrators"},
		{"signing-secret", "CHAT_SIGNING_SECRET", ""},
		{"signing-secret-file", "CHAT_SIGNING_SECRET_FILE", "a file with the secret that signs access tokens, or the secret itself in $CHAT_SIGNING_SECRET; " +
			"further lines verify as well, each until the moment after a space; none: with the embedded database one is made"},
		{"issuer", "CHAT_ISSUER", "the name of this installation in access tokens"},
		{"access-token-life", "CHAT_ACCESS_TOKEN_LIFE", "how long an access token is good for"},
		{"argon2-memory", "CHAT_ARGON2_MEMORY", "MiB that hashing a password takes"},
		{"argon2-passes", "CHAT_ARGON2_PASSES", "passes over it"},
		{"argon2-at-once", "CHAT_ARGON2_AT_ONCE", "passwords hashed at a time; 0: one core is left free"},
		{"db-pool", "CHAT_DB_POOL", "connections to PostgreSQL at most"},
		{"migrate", "CHAT_MIGRATE", "migrate a configured database on start"},
		{"redis-url", "REDIS_URL", "Redis, by which processes tell each other what is new, as redis://host:port; needed by roles that are apart"},
		{"redis-host", "REDIS_HOST", "its host, in the place of a URL"},
		{"redis-port", "REDIS_PORT", "its port"},
		{"rate-limits", "RATE_LIMITS", "on, or off: nothing is refused for its haste; with --auth=none always off"},
		{"rate", "CHAT_RATE", "how often, as name=burst/period, so many at once and as many again in each period, or name=off: " + app.RatesHelp()},
		{"sockets-per-user", "CHAT_SOCKETS_PER_USER", "WebSockets of one user in this process"},
		{"subscriptions-per-user", "CHAT_SUBSCRIPTIONS_PER_USER", "subscriptions of one user in this process"},
		{"subscriptions-per-socket", "CHAT_SUBSCRIPTIONS_PER_SOCKET", "subscriptions on one WebSocket"},
		{"allowed-origins", "CHAT_ALLOWED_ORIGINS", "origins of pages that may call, separated by commas"},
		{"allowed-hosts", "CHAT_ALLOWED_HOSTS", "host names that requests may be for; none: on loopback this machine's, else any"},
		{"tls-cert", "CHAT_TLS_CERT", "a PEM file with the certificate and its chain; with it TLS is served, and a replaced file is taken up"},
		{"tls-key", "CHAT_TLS_KEY", "a PEM file with the certificate's key"},
		{"trusted-proxies", "CHAT_TRUSTED_PROXIES", "addresses and ranges of proxies whose X-Forwarded-For is believed, separated by commas"},
		{"transport", "CHAT_TRANSPORT", "the WebSocket transport: own, portable, which reads without epoll, or library for comparison"},
		{"metrics-addr", "CHAT_METRICS_ADDR", "where /metrics and pprof are served; none: nowhere"},
	}, databaseSettings()...)
}

// uiSettings are those that a server of pages has.
func uiSettings() []setting {
	shared := settingsOf("host", "port", "mode", "auth", "signup", "allowed-hosts", "tls-cert", "tls-key", "metrics-addr", "log-level", "log-format")
	return append(shared, pageSettings()...)
}

// settingsOf gives the settings of these keys.
func settingsOf(keys ...string) []setting {
	return slices.DeleteFunc(serveSettings(), func(s setting) bool { return !slices.Contains(keys, s.key) })
}

// pageSettings tell a server of pages where the roles are.
func pageSettings() []setting {
	return []setting{
		{"user-urls", "CHAT_USER_URLS", "where browsers reach the processes of the role user, separated by commas (http://localhost:4001)"},
		{"sender-urls", "CHAT_SENDER_URLS", "the same of the role sender (http://localhost:4002)"},
		{"receiver-urls", "CHAT_RECEIVER_URLS", "the same of the role receiver (http://localhost:4005)"},
	}
}

// allSettings are those of every command, which may share a file and an environment.
func allSettings() []setting { return append(serveSettings(), pageSettings()...) }

// addFlags gives a command its settings as flags.
func addFlags(c *cobra.Command, settings []setting) {
	defaults := app.Defaults()
	flags := c.Flags()
	flags.SortFlags = false
	flags.String("config", "", "a YAML file of settings by the names of the flags ($CHAT_CONFIG)")
	for _, s := range settings {
		if s.help == "" {
			continue // a secret: other users of a machine see command lines
		}
		help := fmt.Sprintf("%s ($%s)", s.help, s.variable)
		if slices.Contains(inFiles(), s.key) {
			help = fmt.Sprintf("%s ($%s, or in the file that $%s names)", s.help, s.variable, s.variable+fileSuffix)
		}
		switch s.key {
		case "port", "db-port", "redis-port":
			flags.Int(s.key, 0, help)
		case "db-pool", "argon2-memory", "argon2-passes", "argon2-at-once",
			"sockets-per-user", "subscriptions-per-user", "subscriptions-per-socket":
			flags.Int(s.key, defaultNumber(defaults, s.key), help)
		case "access-token-life":
			flags.Duration(s.key, defaults.AccessTokenLife, help)
		case "insecure-open-access", "migrate":
			flags.Bool(s.key, false, help)
		case "allowed-origins":
			flags.StringSlice(s.key, defaults.AllowedOrigins, help)
		case "allowed-hosts", "trusted-proxies", "rate", "user-urls", "sender-urls", "receiver-urls":
			flags.StringSlice(s.key, nil, help)
		default:
			flags.String(s.key, defaultText(defaults, s.key), help)
		}
	}
}

func defaultNumber(c app.Config, key string) int {
	return map[string]int{
		"db-pool": c.DBPool, "argon2-memory": c.Argon2MemoryMiB, "argon2-passes": c.Argon2Passes,
		"sockets-per-user": c.UserSockets, "subscriptions-per-user": c.UserSubscriptions,
		"subscriptions-per-socket": c.SocketSubscriptions,
	}[key]
}

func defaultText(c app.Config, key string) string {
	return map[string]string{
		"role": c.Role, "host": c.Host, "mode": c.Mode, "auth": c.Auth, "signup": c.Signup, "issuer": c.Issuer, "rate-limits": c.RateLimits, "db-sslmode": c.DBSSLMode, "transport": c.Transport,
		"log-level": c.LogLevel, "log-format": c.LogFormat,
	}[key]
}

// loaded is what a command runs with, and where each setting is from, by its key.
type loaded struct {
	config  app.Config
	sources map[string]string
}

// load merges the settings: flags over environment over file over defaults. Errors name what is unknown or unreadable.
func load(flags *pflag.FlagSet, settings []setting, environment []string) (loaded, error) {
	k := koanf.New("\x00") // keys have no levels
	l := loaded{config: app.Defaults(), sources: map[string]string{}}
	path, err := flags.GetString("config")
	if err != nil {
		return l, err
	}
	if path == "" {
		path, _ = lookup(environment, "CHAT_CONFIG")
	}
	if path != "" {
		if err := loadFile(k, settings, path); err != nil {
			return l, err
		}
		l.note(k.Keys(), "file "+path)
	}
	if err := l.loadEnvironment(k, settings, environment); err != nil {
		return l, err
	}
	if err := k.Load(posflag.Provider(flags, "\x00", k), nil); err != nil {
		return l, fmt.Errorf("read the flags: %w", err)
	}
	flags.Visit(func(f *pflag.Flag) { l.note([]string{f.Name}, "flag") })
	if err := k.UnmarshalWithConf("", &l.config, koanf.UnmarshalConf{FlatPaths: true}); err != nil {
		return l, unreadable(err)
	}
	return l, nil
}

func (l loaded) note(keys []string, source string) {
	for _, key := range keys {
		l.sources[key] = source
	}
}

// loadEnvironment reads the variables. That of a secret may have a companion that names a file, as containers get secrets.
func (l loaded) loadEnvironment(k *koanf.Koanf, settings []setting, environment []string) error {
	if err := checkEnvironment(environment); err != nil {
		return err
	}
	for _, s := range settings {
		value, source, err := s.variableIn(environment)
		if err != nil {
			return err
		}
		if source == "" {
			continue
		}
		if err := k.Set(s.key, list(s.key, value)); err != nil {
			return fmt.Errorf("read %s: %w", source, err)
		}
		l.note([]string{s.key}, "variable "+source)
	}
	return nil
}

// fileSuffix ends the name of the variable that names a file with a secret.
const fileSuffix = "_FILE"

// inFiles are the settings that are, or may hold, a secret, and have no other setting that names its file.
func inFiles() []string { return []string{"database-url", "db-password", "redis-url"} }

// variableIn gives the value that the environment has for a setting, and by which variable; "": by none.
func (s setting) variableIn(environment []string) (value, source string, err error) {
	value, isSet := lookup(environment, s.variable)
	path, hasFile := "", false
	if slices.Contains(inFiles(), s.key) {
		path, hasFile = lookup(environment, s.variable+fileSuffix)
	}
	switch {
	case isSet && hasFile:
		return "", "", fmt.Errorf("%s and %s are both set: keep one of the two", s.variable, s.variable+fileSuffix)
	case isSet:
		return value, s.variable, nil
	case !hasFile:
		return "", "", nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", "", fmt.Errorf("read %s: %w", s.variable+fileSuffix, err)
	}
	return strings.TrimRight(string(text), "\r\n"), s.variable + fileSuffix, nil
}

// unreadable names the setting whose value has the wrong form, in one line.
func unreadable(err error) error {
	text := strings.Join(strings.Fields(err.Error()), " ")
	return fmt.Errorf("a setting has a value of the wrong form: %s", text)
}

func loadFile(k *koanf.Koanf, settings []setting, path string) error {
	if err := k.Load(file.Provider(path), yaml.Parser()); err != nil {
		return unreadableFile(path, err)
	}
	for _, key := range k.Keys() {
		if !slices.ContainsFunc(allSettings(), func(s setting) bool { return s.key == key }) {
			return fmt.Errorf("%s: there is no setting %q; the settings are the flags of chat serve and chat ui", path, key)
		}
		if !slices.ContainsFunc(settings, func(s setting) bool { return s.key == key }) {
			k.Delete(key) // it is for other commands
		}
	}
	return nil
}

// unreadableFile says where a file of settings cannot be read. The parser's words repeat what stands there, which may be a secret.
func unreadableFile(path string, err error) error {
	if _, ok := errors.AsType[*fs.PathError](err); ok {
		return fmt.Errorf("read the settings: %w", err)
	}
	where := regexp.MustCompile(`line \d+`).FindString(err.Error())
	return fmt.Errorf("read the settings in %s: %s is no YAML of settings by their names", path, cmp.Or(where, "it"))
}

// checkEnvironment refuses variables of ours that are not known: a misspelt one would do nothing.
func checkEnvironment(environment []string) error {
	for _, entry := range environment {
		name, _, _ := strings.Cut(entry, "=")
		if strings.HasPrefix(name, "CHAT_") && name != "CHAT_CONFIG" && keyOf(allSettings(), name) == "" {
			return fmt.Errorf("there is no setting for the variable %s; chat serve --help names them", name)
		}
	}
	return nil
}

func lookup(environment []string, variable string) (value string, isSet bool) {
	for _, entry := range environment {
		if name, value, _ := strings.Cut(entry, "="); name == variable {
			return value, true
		}
	}
	return "", false
}

func keyOf(settings []setting, variable string) string {
	for _, s := range settings {
		if s.variable == variable {
			return s.key
		}
	}
	return ""
}

// list splits the settings that are lists.
func list(key, value string) any {
	lists := []string{"allowed-origins", "allowed-hosts", "trusted-proxies", "rate", "user-urls", "sender-urls", "receiver-urls"}
	if !slices.Contains(lists, key) {
		return value
	}
	return strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r == ' ' })
}

// config reads the settings of a command as it was called.
func config(c *cobra.Command, settings []setting) (app.Config, error) {
	if c.Flags().NArg() > 0 {
		return app.Config{}, errors.New("unexpected argument " + c.Flags().Arg(0))
	}
	l, err := load(c.Flags(), settings, os.Environ())
	return l.config, err
}
