// One recording, from the microphone to a blob. It is used once and keeps nothing afterwards.

const MEDIA_TYPES = ["audio/webm;codecs=opus", "audio/mp4", "audio/ogg;codecs=opus", "audio/ogg"];
const BITS_PER_SECOND = 48_000; // plenty for speech: 60 s are 360 kB

const NOT_HERE = "这个浏览器录不了音，请打字告诉我。";
const NOT_SECURE = "浏览器只允许在 https 或 localhost 的页面上录音。请换成 https 地址打开，或者直接打字。";
const REFUSALS = {
  NotAllowedError: "没有使用麦克风的许可。请在浏览器地址栏旁的网站设置里允许麦克风，再点一次；也可以直接打字。",
  SecurityError: "没有使用麦克风的许可。请在浏览器地址栏旁的网站设置里允许麦克风，再点一次；也可以直接打字。",
  NotFoundError: "没有找到麦克风。请接上麦克风再试，或者直接打字。",
  NotReadableError: "麦克风打不开，可能正被别的程序占用。请关掉它再试，或者直接打字。",
};
const BROKEN = "录音中断了，请再录一遍。";

/** A recording that did not come about, in words for the user. */
export class RecordingFailed extends Error {}

/** The microphone's sound, asked of the user by the browser. */
async function microphone() {
  if (!navigator.mediaDevices?.getUserMedia) throw new RecordingFailed(window.isSecureContext ? NOT_HERE : NOT_SECURE);
  try {
    return await navigator.mediaDevices.getUserMedia({
      audio: { channelCount: 1, echoCancellation: true, noiseSuppression: true, autoGainControl: true },
    });
  } catch (error) {
    throw new RecordingFailed(REFUSALS[error.name] ?? NOT_HERE);
  }
}

export class Recording {
  #stream = null;
  #recorder = null;
  #audio = null;
  #analyser = null;
  #samples = null;
  #chunks = [];
  #over = false;
  #settle;

  constructor() {
    /** The sound once it is stopped, or null when it is cancelled; fails with RecordingFailed. */
    this.result = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
  }

  /** Asks for the microphone and records. Returns whether it did: it may be cancelled meanwhile. */
  async start() {
    try {
      const mediaType = window.MediaRecorder && MEDIA_TYPES.find((type) => MediaRecorder.isTypeSupported(type));
      this.#stream = await microphone();
      if (this.#over) {
        this.#release();
        return false;
      }
      if (!mediaType) throw new RecordingFailed(NOT_HERE);
      this.#record(mediaType);
      return true;
    } catch (error) {
      this.#fail(error instanceof RecordingFailed ? error : new RecordingFailed(NOT_HERE));
      return false;
    }
  }

  /** Ends it; `result` has the sound. */
  stop() {
    if (this.#recorder?.state === "recording") this.#recorder.stop();
  }

  /** Throws it away, whatever it has come to. */
  cancel() {
    this.#finish(null);
  }

  /** How loud it is right now, from 0 to 1. */
  level() {
    if (!this.#analyser) return 0;
    this.#analyser.getFloatTimeDomainData(this.#samples);
    const power = this.#samples.reduce((sum, sample) => sum + sample * sample, 0) / this.#samples.length;
    const decibels = 10 * Math.log10(power + 1e-10); // speech lies between -60 and 0
    return Math.min(1, Math.max(0, 1 + decibels / 60));
  }

  #record(mediaType) {
    this.#recorder = new MediaRecorder(this.#stream, { mimeType: mediaType, audioBitsPerSecond: BITS_PER_SECOND });
    this.#recorder.addEventListener("dataavailable", ({ data }) => {
      if (!this.#over && data.size) this.#chunks.push(data);
    });
    this.#recorder.addEventListener("stop", () => {
      if (this.#chunks.length) this.#finish(new Blob(this.#chunks, { type: mediaType }));
      else this.#break();
    });
    this.#recorder.addEventListener("error", () => this.#break());
    for (const track of this.#stream.getTracks()) track.addEventListener("ended", () => this.#break());
    this.#recorder.start();
    this.#listen();
  }

  #break() {
    this.#fail(new RecordingFailed(BROKEN));
  }

  #listen() {
    this.#audio = new AudioContext();
    this.#analyser = this.#audio.createAnalyser();
    this.#samples = new Float32Array(this.#analyser.fftSize);
    this.#audio.createMediaStreamSource(this.#stream).connect(this.#analyser);
  }

  #finish(blob) {
    if (this.#over) return;
    this.#over = true;
    this.#release();
    this.#settle.resolve(blob);
  }

  #fail(error) {
    if (this.#over) return;
    this.#over = true;
    this.#release();
    this.#settle.reject(error);
  }

  #release() {
    if (this.#recorder?.state === "recording") this.#recorder.stop();
    for (const track of this.#stream?.getTracks() ?? []) track.stop();
    this.#audio?.close();
    this.#stream = this.#recorder = this.#audio = this.#analyser = null;
    this.#chunks = [];
  }
}
