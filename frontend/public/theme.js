// Runs before the first paint, so that a theme that was chosen does not come late.
try {
  const theme = localStorage.getItem("chat.theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // nothing is kept here; the system's theme it is
}
