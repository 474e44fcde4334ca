/** The cues that are there as files, each with the level (`vol`) at which it was rendered. */

export const CUES = {
  critical: 0.9,
  warning: 0.7,
  info: 0.5,
  resolved: 0.5,
  heartbeat: 0.5,
};

/** Without one of these the page must not claim to listen: an alert could pass unheard. */
export const ESSENTIAL = ["critical", "warning", "info"];

export const address = (sound) => `/console/sounds/${sound}.flac`;
