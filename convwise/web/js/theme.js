// Keeps the theme that was chosen for the other pages, in a cookie that the server reads.
export function rememberTheme() {
  const root = document.documentElement;
  new MutationObserver(() => {
    document.cookie = `theme=${root.dataset.theme}; path=/; samesite=strict; max-age=31536000`;
  }).observe(root, { attributeFilter: ["data-theme"] });
}
