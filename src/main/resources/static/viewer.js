// The slices of an evaluation in three planes: pictures from the service, one pixel for each voxel, drawn on the voxels' true aspect.
import { h, s, get, request, address, number } from './app.js';

const PLANES = ['axial', 'coronal', 'sagittal'];
const EDGE_WORDS = { L: 'left', R: 'right', A: 'front', P: 'back', H: 'head', F: 'feet' };
const KEPT_PICTURES = 400;
const ZOOM_STEP = 1.25;
const MOST_ZOOM = 32;
const WINDOWS = [['Soft tissue', 40, 400], ['Lung', -600, 1500], ['Bone', 400, 1800], ['Brain', 40, 80]];
const REDRAW_MS = 150;

/** A panel for one plane: canvas, strip of slices, keyboard, wheel, drag. */
class Panel {
  constructor(viewer, plane) {
    this.viewer = viewer;
    this.plane = plane;
    this.zoom = 1;
    this.panX = 0;
    this.panY = 0;
    this.canvas = h('canvas', {
      tabindex: '0', role: 'img', class: 'slice', width: 320, height: 320,
      'aria-label': plane + ' slice', 'aria-describedby': 'viewer-keys',
      onkeydown: (event) => this.key(event),
      onpointerdown: (event) => this.drag(event),
      ondblclick: () => this.reset(),
    });
    this.canvas.addEventListener('wheel', (event) => this.wheel(event), { passive: false });
    this.caption = h('output', { class: 'slice-caption' });
    this.strip = h('div', { class: 'strip' });
    this.slider = h('input', {
      type: 'range', min: 0, value: 0, 'aria-label': plane + ' slice index',
      oninput: () => this.show(Number(this.slider.value)),
    });
    this.node = h('figure', { class: 'panel panel-' + plane },
      h('figcaption', {}, h('strong', {}, plane[0].toUpperCase() + plane.slice(1)), this.caption),
      this.canvas, this.slider, this.strip);
    new ResizeObserver(() => this.draw()).observe(this.canvas);
  }

  async choose() {
    const viewer = this.viewer;
    const turn = viewer.turn;
    const slices = await get(address(viewer.base + '/slices', { plane: this.plane, entry: viewer.entry }));
    if (turn !== viewer.turn) return;
    this.slices = slices;
    this.byIndex = new Map(slices.slices.map((one) => [one.index, one]));
    this.slider.max = slices.sliceCount - 1;
    this.drawStrip();
    await this.show(slices.worst ?? Math.floor(slices.sliceCount / 2));
  }

  /** Draws a slice; the pictures of its neighbours are fetched too, so that the next step finds them here. */
  async show(index) {
    if (!this.slices) return;
    this.index = Math.max(0, Math.min(this.slices.sliceCount - 1, index));
    this.slider.value = this.index;
    this.tell();
    const wanted = this.index;
    const turn = this.viewer.turn;
    const [picture, behind] = await Promise.all([this.viewer.picture(this.plane, wanted), this.viewer.behind(this.plane, wanted)]);
    if (turn !== this.viewer.turn || wanted !== this.index) return;
    this.picture = picture;
    this.behind = behind;
    this.draw();
    this.node.dataset.shown = String(wanted);
    for (const next of [wanted + 1, wanted - 1, wanted + 2]) {
      if (next >= 0 && next < this.slices.sliceCount) {
        this.viewer.picture(this.plane, next).catch(() => {});
        this.viewer.behind(this.plane, next)?.catch(() => {});
      }
    }
  }

  mostWrong() {
    let most = null;
    for (const one of this.slices?.slices ?? []) if (!most || one.fp + one.fn > most.fp + most.fn) most = one;
    return most?.index ?? 0;
  }

  tell() {
    const one = this.byIndex.get(this.index);
    const place = 'slice ' + this.index + ' of 0–' + (this.slices.sliceCount - 1);
    const text = one
      ? place + ' · Dice ' + number(one.dice, 3) + ' · agree ' + number(one.tp) + ', prediction only ' + number(one.fp)
        + ', reference only ' + number(one.fn)
      : place + ' · neither side has a voxel here';
    this.caption.textContent = text;
    this.canvas.setAttribute('aria-label', this.plane + ' slice. ' + text);
    for (const bar of this.strip.querySelectorAll('[aria-current]')) bar.removeAttribute('aria-current');
    this.strip.querySelector('[data-index="' + this.index + '"]')?.setAttribute('aria-current', 'true');
    if (this.marker) this.marker.setAttribute('x', String(this.index + 0.5 - this.marker.width.baseVal.value / 2));
  }

  /** One bar for each slice: its height is the Dice, its colour what is missing. A click goes there. */
  drawStrip() {
    const { sliceCount, slices, worst } = this.slices;
    const bars = slices.map((one) => s('g', { 'data-index': one.index },
      s('rect', { class: 'strip-miss', x: one.index, y: 0, width: 1, height: 1 }),
      s('rect', { class: one.index === worst ? 'strip-worst' : 'strip-dice', x: one.index, y: 1 - one.dice, width: 1, height: Math.max(one.dice, 0.02) }),
      s('title', {}, 'Slice ' + one.index + ': Dice ' + number(one.dice, 3))));
    this.marker = s('rect', { class: 'strip-marker', x: 0, y: 0, width: Math.max(0.35, sliceCount / 220), height: 1 });
    const svg = s('svg', { viewBox: '0 0 ' + sliceCount + ' 1', preserveAspectRatio: 'none', role: 'img',
      'aria-label': 'Dice of each ' + this.plane + ' slice; the worst is slice ' + (worst ?? 'none') }, bars, this.marker);
    svg.addEventListener('click', (event) => {
      const box = svg.getBoundingClientRect();
      this.show(Math.floor((event.clientX - box.left) / box.width * sliceCount));
      this.canvas.focus({ preventScroll: true });
    });
    this.strip.replaceChildren(svg);
  }

  key(event) {
    const steps = { ArrowUp: 1, ArrowRight: 1, ArrowDown: -1, ArrowLeft: -1, PageUp: 10, PageDown: -10 };
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.shiftKey && event.key.startsWith('Arrow')) {
      this.panX += event.key === 'ArrowLeft' ? 24 : event.key === 'ArrowRight' ? -24 : 0;
      this.panY += event.key === 'ArrowUp' ? 24 : event.key === 'ArrowDown' ? -24 : 0;
      this.draw();
    } else if (event.key in steps) this.show(this.index + steps[event.key]);
    else if (event.key === 'Home') this.show(this.slices.slices[0]?.index ?? 0);
    else if (event.key === 'End') this.show(this.slices.slices.at(-1)?.index ?? this.slices.sliceCount - 1);
    else if (event.key === 'w') this.show(this.slices.worst ?? this.index);
    else if (event.key === '+' || event.key === '=') this.zoomBy(ZOOM_STEP);
    else if (event.key === '-') this.zoomBy(1 / ZOOM_STEP);
    else if (event.key === '0') this.reset();
    else return;
    event.preventDefault();
  }

  wheel(event) {
    event.preventDefault();
    if (event.ctrlKey || event.shiftKey) {
      const box = this.canvas.getBoundingClientRect();
      this.zoomBy(event.deltaY + event.deltaX < 0 ? ZOOM_STEP : 1 / ZOOM_STEP,
        event.clientX - box.left - box.width / 2, event.clientY - box.top - box.height / 2);
    } else this.show(this.index + (event.deltaY < 0 ? 1 : -1));
  }

  zoomBy(factor, x = 0, y = 0) {
    const before = this.zoom;
    this.zoom = Math.max(1, Math.min(MOST_ZOOM, this.zoom * factor));
    this.panX = x - (x - this.panX) * this.zoom / before;
    this.panY = y - (y - this.panY) * this.zoom / before;
    if (this.zoom === 1) this.panX = this.panY = 0;
    this.draw();
  }

  reset() {
    this.zoom = 1;
    this.panX = this.panY = 0;
    this.draw();
  }

  drag(event) {
    if (event.button !== 0) return;
    const start = { x: event.clientX - this.panX, y: event.clientY - this.panY };
    const move = (moved) => {
      this.panX = moved.clientX - start.x;
      this.panY = moved.clientY - start.y;
      this.draw();
    };
    this.canvas.setPointerCapture(event.pointerId);
    this.canvas.addEventListener('pointermove', move);
    this.canvas.addEventListener('pointerup', () => this.canvas.removeEventListener('pointermove', move), { once: true });
  }

  draw() {
    const canvas = this.canvas;
    const ratio = devicePixelRatio || 1;
    const width = Math.max(1, Math.round(canvas.clientWidth * ratio));
    const height = Math.max(1, Math.round(canvas.clientHeight * ratio));
    if (canvas.width !== width || canvas.height !== height) {
      canvas.width = width;
      canvas.height = height;
    }
    const pen = canvas.getContext('2d');
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.fillStyle = '#000';
    pen.fillRect(0, 0, width, height);
    if (!this.picture) return;
    const { columns, rows, spacingMm, edges } = this.slices;
    const mmWide = columns * spacingMm.column;
    const mmHigh = rows * spacingMm.row;
    const scale = Math.min(width / mmWide, height / mmHigh) * this.zoom;
    const w = mmWide * scale;
    const hgt = mmHigh * scale;
    const left = (width - w) / 2 + this.panX * ratio;
    const top = (height - hgt) / 2 + this.panY * ratio;
    pen.imageSmoothingEnabled = false;
    if (this.behind) {
      pen.drawImage(this.behind, left, top, w, hgt);
      pen.globalAlpha = this.viewer.opacity;
    }
    pen.drawImage(this.picture, left, top, w, hgt);
    pen.globalAlpha = 1;
    pen.strokeStyle = '#3a444c';
    pen.lineWidth = ratio;
    pen.strokeRect(left, top, w, hgt);
    this.letters(pen, width, height, ratio, edges);
    this.ruler(pen, width, height, ratio, scale);
  }

  letters(pen, width, height, ratio, edges) {
    pen.font = '600 ' + 13 * ratio + 'px system-ui, sans-serif';
    pen.fillStyle = '#f4f7f9';
    pen.shadowColor = '#000';
    pen.shadowBlur = 3 * ratio;
    const inset = 11 * ratio;
    pen.textBaseline = 'middle';
    pen.textAlign = 'center';
    pen.fillText(edges.left, inset, height / 2);
    pen.fillText(edges.right, width - inset, height / 2);
    pen.fillText(edges.top, width / 2, inset);
    pen.fillText(edges.bottom, width / 2, height - inset);
    pen.shadowBlur = 0;
  }

  ruler(pen, width, height, ratio, scale) {
    const want = width / 4 / scale;
    const mm = [0.5, 1, 2, 5, 10, 20, 50, 100, 200].filter((step) => step <= want).at(-1);
    if (!mm) return;
    const x = 8 * ratio;
    const y = height - 10 * ratio;
    pen.strokeStyle = '#f4f7f9';
    pen.lineWidth = 2 * ratio;
    pen.beginPath();
    pen.moveTo(x, y);
    pen.lineTo(x + mm * scale, y);
    pen.stroke();
    pen.font = 11 * ratio + 'px system-ui, sans-serif';
    pen.textAlign = 'left';
    pen.fillText(mm + ' mm', x, y - 9 * ratio);
  }
}

/** The viewer of an evaluation. */
export class Viewer {
  /** @param image 'sent' if one was sent to be seen behind the masks, 'elsewhere' if a PACS may have it */
  constructor(base, entries, image = 'none') {
    this.base = base;
    this.turn = 0;
    this.entry = undefined;
    this.layer = 'overlay';
    this.scaleMm = 10;
    this.opacity = 0.5;
    this.window = null;
    this.pictures = new Map();
    this.panels = PLANES.map((plane) => new Panel(this, plane));
    this.segment = h('select', { id: 'viewer-segment', onchange: () => this.choose(this.segment.value) },
      entries.map(({ value, title }) => h('option', { value }, title)));
    this.layers = h('select', { id: 'viewer-layer', onchange: () => this.changeLayer() },
      h('option', { value: 'overlay' }, 'Agreement'),
      h('option', { value: 'distance 2' }, 'Surface distance, 0 to 2 mm'),
      h('option', { value: 'distance 10' }, 'Surface distance, 0 to 10 mm'),
      h('option', { value: 'distance 30' }, 'Surface distance, 0 to 30 mm'));
    this.legend = h('div', { class: 'legend' });
    this.note = h('p', { class: 'hint' });
    this.node = h('div', { class: 'viewer' },
      h('div', { class: 'toolbar' },
        h('label', { for: 'viewer-segment' }, 'Segment'), this.segment,
        h('label', { for: 'viewer-layer' }, 'Show'), this.layers,
        h('button', { type: 'button', class: 'plain small', onclick: () => this.panels.forEach((panel) => panel.show(panel.slices?.worst ?? 0)) }, 'Lowest Dice'),
        h('button', { type: 'button', class: 'plain small', onclick: () => this.panels.forEach((panel) => panel.show(panel.mostWrong())) }, 'Most voxels wrong'),
        this.legend),
      image === 'sent' ? this.imageTools() : image === 'elsewhere' ? this.imageOffer() : null,
      h('div', { class: 'panels' }, this.panels.map((panel) => panel.node)),
      this.note,
      h('p', { class: 'hint', id: 'viewer-keys' },
        'Wheel or arrow keys: next slice; Page Up and Page Down: ten; W: the worst; Home, End: first and last of the structure. '
        + 'Ctrl + wheel, + and −: zoom; drag or Shift + arrows: move; 0 or a double click: all.'));
    this.drawLegend();
    document.addEventListener('themechange', () => this.panels.forEach((panel) => panel.draw()));
  }

  /** A series is large: it is fetched when somebody wants to see it. */
  imageOffer() {
    const bar = h('div', { class: 'toolbar' });
    bar.append(h('button', { type: 'button', class: 'plain small', onclick: () => {
      const tools = this.imageTools();
      const waiting = h('p', { class: 'hint', role: 'status' }, 'The series is being fetched from the PACS …');
      bar.replaceWith(waiting);
      this.ready.then(() => {
        waiting.replaceWith(tools);
        this.turn++;
        for (const panel of this.panels) if (panel.slices) panel.show(panel.index);
      });
    } }, 'Show the image behind the masks'));
    return bar;
  }

  /** What says how the image is seen; there once its values are known. */
  imageTools() {
    const bar = h('div', { class: 'toolbar image-tools', role: 'group', 'aria-label': 'Image behind the masks' });
    const again = () => {
      this.turn++;
      for (const panel of this.panels) if (panel.slices) panel.show(panel.index);
    };
    let later = 0;
    this.ready = get(this.base + '/image').then((image) => {
      const tidy = (value) => +value.toPrecision(4);
      const shownBox = h('input', { type: 'checkbox', id: 'image-shown', checked: true, onchange: () => apply() });
      const level = h('input', { type: 'number', id: 'image-level', step: 'any', value: tidy(image.window.level), oninput: () => apply() });
      const width = h('input', { type: 'number', id: 'image-width', step: 'any', min: 0, value: tidy(image.window.width), oninput: () => apply() });
      const opacity = h('input', { type: 'range', id: 'image-opacity', min: 0, max: 100, value: 50, oninput: () => {
        this.opacity = opacity.value / 100;
        this.panels.forEach((panel) => panel.draw());
      } });
      const choices = [['As suggested', image.window.level, image.window.width],
        ...WINDOWS.filter(([, center, wide]) => image.least < center - wide / 2 + wide && image.most > center - wide / 2),
        ['All values', (image.least + image.most) / 2, image.most - image.least || 1]];
      const preset = h('select', { id: 'image-window', onchange: () => {
        level.value = tidy(choices[preset.value][1]);
        width.value = tidy(choices[preset.value][2]);
        apply();
      } }, choices.map(([title], at) => h('option', { value: at }, title)));
      const read = () => ({ level: Number(level.value), width: Math.max(Number(width.value), 1e-6) });
      const apply = () => {
        this.window = shownBox.checked ? read() : null;
        clearTimeout(later);
        later = setTimeout(again, REDRAW_MS);
      };
      this.window = read();
      bar.replaceChildren(shownBox, h('label', { for: 'image-shown' }, 'Image'),
        h('label', { for: 'image-window' }, 'Window'), preset,
        h('label', { for: 'image-level' }, 'Level'), level, h('label', { for: 'image-width' }, 'Width'), width,
        h('label', { for: 'image-opacity' }, 'Masks'), opacity);
    }).catch((failure) => {
      bar.replaceChildren(h('p', { class: 'hint' }, 'The image cannot be shown: ' + (failure.body?.detail ?? failure.message)));
    });
    return bar;
  }

  /** The image behind a slice; null if none is to be seen. */
  behind(plane, index) {
    if (!this.window) return null;
    return this.kept(address(this.base + '/image.png', { plane, index, level: this.window.level, width: this.window.width }));
  }

  /** @param value the place of a segment in the scorecard, or 'all' */
  async choose(value) {
    this.segment.value = value;
    this.entry = value === 'all' ? undefined : value;
    this.turn++;
    await this.ready;
    await Promise.all(this.panels.map((panel) => panel.choose()));
    const oblique = this.panels[0].slices?.obliqueDegrees ?? 0;
    const edges = this.panels[0].slices?.edges;
    this.note.textContent = (edges ? 'Seen as in radiology: in axial and coronal pictures the patient’s '
      + EDGE_WORDS[edges.right] + ' is on the right. ' : '')
      + (oblique > 0.5 ? 'The grid is oblique: its planes lie up to ' + number(oblique, 1) + '° from those of the body. ' : '');
  }

  changeLayer() {
    const [layer, scale] = this.layers.value.split(' ');
    this.layer = layer;
    this.scaleMm = Number(scale ?? 10);
    this.drawLegend();
    this.turn++;
    this.panels.forEach((panel) => panel.show(panel.index));
  }

  drawLegend() {
    const swatch = (name, text) => h('span', {}, h('span', { class: 'swatch ' + name }), text);
    this.legend.replaceChildren(...(this.layer === 'overlay'
      ? [swatch('tp', 'both'), swatch('fp', 'prediction only'), swatch('fn', 'reference only')]
      : [h('span', {}, '0'), h('span', { class: 'ramp' }), h('span', {}, '≥ ' + this.scaleMm + ' mm from the other surface')]));
  }

  /** The picture of a slice, kept for when it is wanted again. */
  picture(plane, index) {
    const path = address(this.base + '/overlay.png', {
      plane, index, entry: this.entry, scale: 'voxel',
      layer: this.layer === 'distance' ? 'distance' : undefined,
      scaleMm: this.layer === 'distance' ? this.scaleMm : undefined,
      background: this.window ? 'none' : undefined,
    });
    return this.kept(path);
  }

  kept(path) {
    let picture = this.pictures.get(path);
    if (!picture) {
      picture = request(path).then((answer) => answer.blob()).then((blob) => createImageBitmap(blob));
      picture.catch(() => this.pictures.delete(path));
      this.pictures.set(path, picture);
      if (this.pictures.size > KEPT_PICTURES) this.pictures.delete(this.pictures.keys().next().value);
    }
    return picture;
  }
}
