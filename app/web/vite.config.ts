import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, gzip } from "node:zlib";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

const COMPRESSED = /\.(js|css|svg|html)$/;

// The server compresses nothing at run time: beside each file lies the same, compressed.
function compressed(): Plugin {
  let built = "";
  return {
    name: "compressed",
    apply: "build",
    configResolved(config) {
      built = config.build.outDir;
    },
    async closeBundle() {
      for (const name of await readdir(built, { recursive: true })) {
        if (!COMPRESSED.test(name)) continue;
        const file = join(built, name);
        const source = await readFile(file);
        await writeFile(`${file}.br`, await promisify(brotliCompress)(source));
        await writeFile(`${file}.gz`, await promisify(gzip)(source, { level: 9 }));
      }
    },
  };
}

const server = process.env.ATTUNE_URL ?? "http://127.0.0.1:8000";

export default defineConfig({
  plugins: [react(), compressed()],
  resolve: {
    alias: {
      "@": new URL("./src", import.meta.url).pathname,
      "decode-named-character-reference": new URL("./src/chat/answer/entities.ts", import.meta.url).pathname,
    },
  },
  build: {
    outDir: "dist",
    assetsInlineLimit: 0, // the policy allows no data: addresses
    modulePreload: { polyfill: false },
    license: { fileName: "licenses.md" }, // of what is built in
    chunkSizeWarningLimit: 600,
  },
  server: {
    // While developing: the page by Vite, the API by a server of yours, which takes the browser for its own.
    proxy: {
      "/v1": {
        target: server,
        changeOrigin: true,
        configure: (proxy) =>
          proxy.on("proxyReq", (request) => {
            if (request.hasHeader("origin")) request.setHeader("origin", server);
          }),
      },
    },
  },
});
