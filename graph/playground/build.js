// Bundles the playground into dist/, with the licences of all that went into it: npm ci && npm run build.
import { build } from "esbuild";
import { copyFile, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

await rm("dist", { recursive: true, force: true });
await mkdir("dist");
const { metafile } = await build({
  entryPoints: ["main.jsx"],
  outdir: "dist",
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  legalComments: "none",
  metafile: true,
  define: { "process.env.NODE_ENV": '"production"' },
  loader: { ".woff": "dataurl", ".woff2": "dataurl" },
  // No lazily loaded parts: one file is simpler to embed, and it is small.
  splitting: false,
});
await copyFile("index.html", "dist/index.html");

const packages = new Set();
for (const input of Object.keys(metafile.inputs)) {
  const at = input.lastIndexOf("node_modules/");
  if (at < 0) continue;
  const [scope, name] = input.slice(at + "node_modules/".length).split("/");
  packages.add(input.slice(0, at) + "node_modules/" + (scope.startsWith("@") ? join(scope, name) : scope));
}
let licences = "What the playground is made of.\n";
for (const path of [...packages].sort()) {
  const { name, version, license } = JSON.parse(await readFile(join(path, "package.json"), "utf8"));
  const file = (await readdir(path)).find((f) => /^(licen[cs]e|copying)/i.test(f));
  const text = file ? (await readFile(join(path, file), "utf8")).trim() : `Licence: ${license}`;
  licences += `\n${"=".repeat(80)}\n${name} ${version} (${license})\n\n${text}\n`;
}
await writeFile("dist/LICENSES.txt", licences);
