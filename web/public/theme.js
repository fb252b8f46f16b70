// Before the first paint: a chosen theme must not flash the other one.
try {
  const theme = localStorage.getItem('chillin.theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
} catch {
  // Storage is closed to us: the system's preference holds.
}
