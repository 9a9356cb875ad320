// Keeping the latest answer in view, without tearing away a reader who has scrolled up.

const NEAR_PX = 80;
const MARGIN_PX = 12;

export class Follower {
  constructor({ scroller, log, button }) {
    Object.assign(this, { scroller, log, button });
    this.following = true;
    scroller.addEventListener("scroll", () => this.update(), { passive: true });
    new ResizeObserver(() => this.contentGrew()).observe(log);
    new ResizeObserver(() => this.contentGrew()).observe(scroller);
    button.addEventListener("click", () => this.goOn());
  }

  get furthest() {
    return this.scroller.scrollHeight - this.scroller.clientHeight;
  }

  /** As far down as the log goes, yet not past the beginning of the latest answer. */
  get goal() {
    const turn = this.log.lastElementChild;
    if (!turn) return 0;
    const top = turn.getBoundingClientRect().top - this.scroller.getBoundingClientRect().top + this.scroller.scrollTop;
    return Math.max(0, Math.min(this.furthest, top - MARGIN_PX));
  }

  toLatest() {
    this.scroller.scrollTop = this.goal;
    this.update();
  }

  /** The button leads to the latest answer's beginning, and from there to its end. */
  goOn() {
    this.scroller.scrollTop = this.following ? this.furthest : this.goal;
    this.update();
  }

  contentGrew() {
    if (this.following && this.scroller.scrollTop < this.goal) this.scroller.scrollTop = this.goal;
    this.update();
  }

  update() {
    this.following = this.scroller.scrollTop >= this.goal - NEAR_PX;
    this.button.hidden = this.scroller.scrollTop >= this.furthest - NEAR_PX;
  }
}
