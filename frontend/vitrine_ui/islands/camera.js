// Where one looks at a plane: pan by dragging, zoom by the wheel or two fingers. Screen = plane × z + (x, y).

/** `moved()` is called after each change, except between go() without flight and the next frame's drawing. */
export function camera(surface, moved) {
  const fingers = new Map();
  let flight;

  const eye = {
    x: 0,
    y: 0,
    z: 1,
    dragged: false, // a click that ends a drag chooses nothing
    at(event, element = surface) {
      const area = element.getBoundingClientRect();
      return [event.clientX - area.left, event.clientY - area.top];
    },
    go(x, y, z, flies) {
      cancelAnimationFrame(flight);
      const [from, begun] = [[eye.x, eye.y, eye.z], performance.now()];
      const still = !flies || matchMedia("(prefers-reduced-motion: reduce)").matches;
      const step = (now) => {
        const t = still ? 1 : Math.max(0, Math.min(1, (now - begun) / 160));
        [eye.x, eye.y, eye.z] = [x, y, z].map((to, i) => to + (from[i] - to) * (1 - t) ** 3);
        moved();
        if (t < 1) flight = requestAnimationFrame(step);
      };
      step(begun);
    },
    zoom(factor, [px, py], flies) {
      const z = Math.max(0.01, Math.min(2, eye.z * factor));
      eye.go(px - ((px - eye.x) * z) / eye.z, py - ((py - eye.y) * z) / eye.z, z, flies);
    },
    stop: () => cancelAnimationFrame(flight),
  };

  // Middle and distance of two fingers, or one finger and 0.
  const grip = () => {
    const [a, b = a] = [...fingers.values()];
    return [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2, Math.hypot(a[0] - b[0], a[1] - b[1])];
  };
  surface.addEventListener("pointerdown", (event) => {
    if (!fingers.size) eye.dragged = false;
    if (!event.button) fingers.set(event.pointerId, eye.at(event));
  });
  surface.addEventListener("pointermove", (event) => {
    const [finger, now] = [fingers.get(event.pointerId), eye.at(event)];
    if (!finger || (!eye.dragged && Math.hypot(now[0] - finger[0], now[1] - finger[1]) < 4)) return;
    surface.setPointerCapture(event.pointerId);
    eye.dragged = true;
    const before = grip();
    fingers.set(event.pointerId, now);
    const [x, y, distance] = grip();
    eye.go(eye.x + x - before[0], eye.y + y - before[1], eye.z);
    if (before[2]) eye.zoom(distance / before[2], [x, y]);
  });
  for (const type of ["pointerup", "pointercancel"]) surface.addEventListener(type, (event) => fingers.delete(event.pointerId));
  surface.addEventListener("wheel", (event) => {
    event.preventDefault();
    const pixels = event.deltaY * [1, 20, surface.clientHeight][event.deltaMode];
    eye.zoom(Math.exp(-pixels * (event.ctrlKey ? 0.01 : 0.0015)), eye.at(event));
  }, { passive: false });
  return eye;
}
