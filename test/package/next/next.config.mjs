export default {
  output: "standalone",
  // What is bundled is tried without this (../next.full.test.ts).
  serverExternalPackages: process.env.BUNDLED === "1" ? [] : ["@omnirouter/core"],
};
