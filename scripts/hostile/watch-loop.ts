/**
 * Loaded into the API before its program: writes how long its event loop was away, and its memory,
 * as JSON lines. A machine that is busy with something else delays every process, so that each delay
 * comes with the processor time that the loop's own thread had in it.
 */
import { appendFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';

const TICK_MS = 10;
const WRITE_EVERY_MS = 50;
const NS_PER_MS = 1_000_000;

// The launcher gives it: without it there is nobody to tell.
const file = process.env['BATON_WATCH_FILE'] ?? '';
const delays = monitorEventLoopDelay({ resolution: TICK_MS });
delays.enable();
let last = performance.now();
let usage = process.threadCpuUsage();
let written = last;
let blockedMs = 0;

setInterval(() => {
  const now = performance.now();
  const { user, system } = process.threadCpuUsage(usage);
  blockedMs = Math.max(blockedMs, Math.min(now - last - TICK_MS, (user + system) / 1_000));
  last = now;
  usage = process.threadCpuUsage();
  if (now - written < WRITE_EVERY_MS) return;
  written = now;
  const line = {
    at: Date.now(),
    blockedMs,
    delayMs: delays.max / NS_PER_MS,
    rss: process.memoryUsage.rss(),
  };
  appendFileSync(file, `${JSON.stringify(line)}\n`);
  blockedMs = 0;
  delays.reset();
}, TICK_MS).unref();
