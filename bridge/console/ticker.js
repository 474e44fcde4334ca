// A worker of its own, because its timers are not slowed down when the tab is hidden. See clock.js.
setInterval(() => postMessage(0), 500);
