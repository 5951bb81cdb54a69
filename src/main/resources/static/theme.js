// Before anything is drawn: the theme that was chosen on this device, if one was.
(() => {
  try {
    const theme = localStorage.getItem('segmeter-theme');
    if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
  } catch {
    // Storage may be forbidden: then the system's choice holds.
  }
})();
